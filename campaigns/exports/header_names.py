"""How Ads Manager calls its columns, by language. A field's names stand in the order of preference.

Where two columns of a file mean the same field, the name further left wins and the other is left out, because adding
both would count twice. Names are compared without case, accents, punctuation and currency (see `headers.normalise`).
"""

from __future__ import annotations

# ruff: noqa: E501  a table: ideographs count twice and would break each line in two
# fmt: off

ENGLISH: dict[str, str] = {
    "account_id": "Account ID",
    "account": "Account name|Account|Ad account name",
    "campaign_id": "Campaign ID|xyz_campaign_id",
    "campaign": "Campaign name|Campaign|Campaigns",
    "ad_set_id": "Ad set ID|adset_id|fb_campaign_id",
    "ad_set": "Ad set name|adset_name|Ad set|Ad sets",
    "ad_id": "Ad ID",
    "ad": "Ad name|Ads|Ad",
    "day": "Day|Date|ad_date|Reporting day",
    "starts": "Reporting starts|date_start|Report start|Period start",
    "ends": "Reporting ends|date_stop|Report end|Period end",
    "period": "Week|Month|2 weeks|Reporting period",
    "hour": "Time of day (ad account time zone)|Time of day (viewer's time zone)|Time of day|Hour of day"
            "|hourly_stats_aggregated_by_advertiser_time_zone|hourly_stats_aggregated_by_audience_time_zone",
    "age": "Age|Age range",
    "gender": "Gender|Sex",
    "country": "Country|Countries",
    "region": "Region",
    "dma": "DMA region|DMA",
    "platform": "Platform|publisher_platform",
    "placement": "Placement|platform_position|Placements",
    "device": "Device platform|Impression device|Device|Conversion device",
    "objective": "Objective|Campaign objective",
    "spend": "Amount spent|Spend|Spent|Total spend|Ad spend|Media spend|Total amount spent|Cost|Total cost",
    "impressions": "Impressions|Total impressions|Impressions (all)|Impr",
    "reach": "Reach",
    "clicks": "Clicks (all)|Clicks|Total clicks|All clicks",
    "link_clicks": "Link clicks|actions:link_click|Website clicks|inline_link_clicks",
    "outbound_clicks": "Outbound clicks|outbound_clicks:outbound_click",
    "landing_page_views": "Landing page views|Website landing page views|actions:omni_landing_page_view"
                          "|actions:landing_page_view",
    "content_views": "Content views|Website content views|Content views with shared items|View content"
                     "|actions:omni_view_content|actions:view_content",
    "adds_to_cart": "Adds to cart|Website adds to cart|Adds to cart with shared items|Add to cart"
                    "|actions:omni_add_to_cart|actions:add_to_cart",
    "checkouts": "Checkouts initiated|Website checkouts initiated|Initiate checkout"
                 "|actions:omni_initiated_checkout|actions:initiate_checkout",
    "results": "Results|Result|Total results",
    "purchases": "Purchases|Website purchases|Meta purchases|Mobile app purchases|Direct website purchases|In-app purchases|Purchases with shared items|Purchase|Approved conversion"
                 "|actions:omni_purchase|actions:purchase|actions:offsite_conversion.fb_pixel_purchase",
    "leads": "Leads|Website leads|Leads (form)|On-Facebook leads|Meta leads|Lead|Total conversion|actions:lead"
             "|actions:onsite_conversion.lead_grouped|actions:offsite_conversion.fb_pixel_lead",
    "messages": "Messaging conversations started|New messaging contacts"
                "|actions:onsite_conversion.messaging_conversation_started_7d",
    "conversions": "Conversions|Total conversions|Registrations completed|Website registrations completed|App installs"
                   "|Mobile app installs|Subscriptions|Website subscriptions|Contacts|Website contacts|Calls placed"
                   "|Applications submitted|Submit application|Website applications submitted|Appointments scheduled"
                   "|Website appointments scheduled|Trials started|Website trials started",
    "revenue": "Purchases conversion value|Purchase conversion value|Website purchases conversion value"
               "|Website purchase conversion value|Meta purchases conversion value|Mobile app purchases conversion value"
               "|Direct website purchases conversion value|Conversion value (purchase)|Purchase value|Purchases value"
               "|Total purchases conversion value|Total conversion value|Results value|Conv value"
               "|Purchases conversion value for shared items only|Conversion value|Total value|Revenue|Total revenue"
               "|action_values:omni_purchase|action_values:purchase"
               "|action_values:offsite_conversion.fb_pixel_purchase",
    "result_type": "Result type|Result indicator",
    "attribution": "Attribution setting|Attribution",
    "delivery": "Ad delivery|Ad set delivery|Campaign delivery|Delivery status|Delivery|Ad status",
    "delivery_level": "Delivery level",
    "currency": "Currency|Account currency",
}

OTHERS: dict[str, dict[str, str]] = {
    "Spanish": {
        "account": "Nombre de la cuenta", "campaign_id": "Identificador de la campaña", "campaign": "Nombre de la campaña",
        "ad_set": "Nombre del conjunto de anuncios", "ad": "Nombre del anuncio|Anuncios",
        "ad_set_id": "Identificador del conjunto de anuncios", "ad_id": "Identificador del anuncio",
        "day": "Día|Fecha", "starts": "Inicio del informe|Inicio de los informes", "ends": "Fin del informe|Fin de los informes",
        "age": "Edad", "gender": "Sexo|Género", "country": "País", "region": "Región", "platform": "Plataforma",
        "placement": "Ubicación", "device": "Dispositivo de impresión", "objective": "Objetivo",
        "spend": "Importe gastado|Monto gastado|Cantidad gastada", "impressions": "Impresiones", "reach": "Alcance",
        "clicks": "Clics (todos)", "link_clicks": "Clics en el enlace|Clics en enlaces",
        "outbound_clicks": "Clics salientes", "landing_page_views": "Visitas a la página de destino",
        "adds_to_cart": "Artículos agregados al carrito|Artículos añadidos al carrito", "checkouts": "Pagos iniciados",
        "results": "Resultados", "result_type": "Tipo de resultado|Indicador de resultado", "purchases": "Compras",
        "revenue": "Valor de conversión de compras|Valor de conversión de las compras|Valor de conversión de compras del sitio web"
                   "|Valor de conversión de compras en el sitio web", "leads": "Clientes potenciales",
        "messages": "Conversaciones con mensajes iniciadas", "currency": "Divisa|Moneda",
        "attribution": "Configuración de atribución", "delivery_level": "Nivel de entrega",
        "delivery": "Entrega del anuncio|Entrega del conjunto de anuncios|Entrega de la campaña|Estado de la entrega",
    },
    "French": {
        "account": "Nom du compte", "campaign": "Nom de la campagne", "ad_set": "Nom de l'ensemble de publicités",
        "ad": "Nom de la publicité|Publicités", "day": "Jour|Date", "starts": "Début des rapports",
        "ends": "Fin des rapports", "age": "Âge", "gender": "Sexe|Genre", "country": "Pays", "region": "Région",
        "platform": "Plate-forme|Plateforme", "placement": "Placement", "objective": "Objectif",
        "spend": "Montant dépensé", "impressions": "Impressions", "reach": "Portée|Couverture",
        "clicks": "Clics (tous)", "link_clicks": "Clics sur un lien|Clics sur le lien|Clics sur les liens",
        "outbound_clicks": "Clics sortants", "landing_page_views": "Vues de page de destination",
        "adds_to_cart": "Ajouts au panier", "checkouts": "Paiements initiés", "results": "Résultats",
        "result_type": "Type de résultat|Indicateur de résultats", "purchases": "Achats", "leads": "Prospects",
        "revenue": "Valeur de conversion des achats|Valeur de conversion d'achats", "currency": "Devise",
        "messages": "Conversations par message démarrées", "attribution": "Paramètre d'attribution",
        "delivery": "Diffusion de la publicité|Diffusion de la campagne|Statut de diffusion",
        "delivery_level": "Niveau de diffusion",
    },
    "German": {
        "account": "Kontoname", "campaign_id": "Kampagnen-ID|Kampagnennummer", "campaign": "Kampagnenname|Name der Kampagne",
        "ad_set": "Name der Anzeigengruppe|Anzeigengruppenname|Anzeigengruppe", "ad": "Anzeigenname|Name der Anzeige|Name der Werbeanzeige|Anzeigen",
        "ad_set_id": "Anzeigengruppen-ID", "ad_id": "Anzeigen-ID|Anzeigennummer", "day": "Tag|Datum",
        "starts": "Beginn des Berichtszeitraums|Berichtsstart|Berichtsbeginn|Auswertungsbeginn|Beginn der Berichterstattung",
        "ends": "Ende des Berichtszeitraums|Berichtsende|Auswertungsende|Ende der Berichterstattung", "age": "Alter", "gender": "Geschlecht", "country": "Land",
        "region": "Region", "platform": "Plattform", "placement": "Platzierung", "device": "Impressions-Gerät",
        "objective": "Ziel", "spend": "Ausgegebener Betrag|Betrag ausgegeben", "impressions": "Impressionen", "reach": "Reichweite",
        "clicks": "Klicks (alle)", "link_clicks": "Link-Klicks|Linkklicks", "outbound_clicks": "Ausgehende Klicks",
        "landing_page_views": "Landingpage-Aufrufe", "adds_to_cart": "In den Einkaufswagen",
        "checkouts": "Begonnene Bezahlvorgänge|Checkouts eingeleitet", "results": "Ergebnisse",
        "result_type": "Ergebnistyp|Ergebnisindikator", "purchases": "Käufe|Website-Käufe",
        "revenue": "Conversion-Wert der Käufe|Conversion-Wert von Käufen|Conversion-Wert für Käufe"
                   "|Conversion-Wert der Website-Käufe",
        "leads": "Leads", "messages": "Begonnene Messaging-Unterhaltungen|Gestartete Unterhaltungen per Messaging",
        "currency": "Währung", "attribution": "Attributionseinstellung",
        "delivery": "Auslieferung der Anzeige|Auslieferung der Anzeigengruppe|Auslieferung der Kampagne"
                    "|Auslieferungsstatus",
        "delivery_level": "Auslieferungsebene",
    },
    "Italian": {
        "account": "Nome dell'account", "campaign": "Nome della campagna", "ad_set": "Nome del gruppo di inserzioni",
        "ad": "Nome dell'inserzione|Inserzioni", "day": "Giorno|Data", "starts": "Inizio dei report|Inizio report|Inizio del report",
        "ends": "Fine dei report|Fine report|Fine del report", "age": "Età", "gender": "Genere", "country": "Paese",
        "region": "Regione", "platform": "Piattaforma", "placement": "Posizionamento", "objective": "Obiettivo",
        "spend": "Importo speso", "impressions": "Impression|Impressioni", "reach": "Copertura",
        "clicks": "Clic (tutti)", "link_clicks": "Clic sul link", "outbound_clicks": "Clic in uscita",
        "landing_page_views": "Visualizzazioni della pagina di destinazione", "adds_to_cart": "Aggiunte al carrello",
        "checkouts": "Acquisti online avviati|Check-out avviati", "results": "Risultati",
        "result_type": "Tipo di risultato|Indicatore di risultato", "purchases": "Acquisti", "leads": "Contatti",
        "revenue": "Valore di conversione degli acquisti|Valore di conversione dell'acquisto", "currency": "Valuta",
        "messages": "Conversazioni tramite messaggi iniziate", "attribution": "Impostazione di attribuzione",
        "delivery": "Pubblicazione dell'inserzione|Pubblicazione della campagna|Stato della pubblicazione",
    },
    "Portuguese": {
        "account": "Nome da conta", "campaign": "Nome da campanha", "ad_set": "Nome do conjunto de anúncios",
        "ad": "Nome do anúncio|Anúncios", "campaign_id": "Identificação da campanha",
        "ad_set_id": "Identificação do conjunto de anúncios", "ad_id": "Identificação do anúncio", "day": "Dia|Data",
        "starts": "Início dos relatórios|Início do relatório",
        "ends": "Término dos relatórios|Encerramento dos relatórios|Fim dos relatórios|Fim do relatório|Término do relatório", "age": "Idade",
        "gender": "Gênero|Sexo", "country": "País", "region": "Região", "platform": "Plataforma",
        "placement": "Posicionamento", "objective": "Objetivo", "spend": "Valor usado|Valor gasto|Montante gasto",
        "impressions": "Impressões", "reach": "Alcance", "clicks": "Cliques (todos)|Cliques (tudo)",
        "link_clicks": "Cliques no link|Cliques na ligação", "outbound_clicks": "Cliques de saída",
        "landing_page_views": "Visualizações da página de destino", "adds_to_cart": "Adições ao carrinho",
        "checkouts": "Finalizações de compra iniciadas", "results": "Resultados",
        "result_type": "Indicador de resultados|Tipo de resultado", "purchases": "Compras",
        "revenue": "Valor de conversão da compra|Valor de conversão de compras|Valor de conversão das compras"
                   "|Valor da conversão de compras|Valor da conversão da compra",
        "leads": "Leads|Cadastros", "messages": "Conversas por mensagem iniciadas", "currency": "Moeda",
        "attribution": "Configuração de atribuição", "delivery_level": "Nível de veiculação",
        "delivery": "Veiculação do anúncio|Veiculação do conjunto de anúncios|Veiculação da campanha",
    },
    "Dutch": {
        "account": "Accountnaam", "campaign_id": "Campagne-ID", "campaign": "Campagnenaam|Naam campagne",
        "ad_set": "Naam advertentieset", "ad": "Advertentienaam|Naam advertentie", "day": "Dag|Datum",
        "starts": "Start rapportage|Begin rapportage|Begin van rapportage|Start van rapportage",
        "ends": "Einde rapportage|Einde van rapportage", "age": "Leeftijd",
        "gender": "Geslacht", "country": "Land", "region": "Regio", "platform": "Platform", "placement": "Plaatsing",
        "objective": "Doelstelling|Doel", "spend": "Besteed bedrag", "impressions": "Weergaven|Vertoningen",
        "reach": "Bereik", "clicks": "Klikken (alle)", "link_clicks": "Klikken op links|Linkklikken|Klikken op link",
        "outbound_clicks": "Uitgaande klikken", "landing_page_views": "Weergaven bestemmingspagina",
        "adds_to_cart": "Toegevoegd aan winkelwagen", "checkouts": "Gestarte betalingen", "results": "Resultaten",
        "result_type": "Resultatenindicator|Resultaattype", "purchases": "Aankopen", "leads": "Leads",
        "revenue": "Conversiewaarde van aankopen|Aankoopconversiewaarde", "currency": "Valuta",
        "messages": "Gestarte gesprekken via chatberichten", "attribution": "Toeschrijvingsinstelling",
        "delivery": "Weergave van advertentie|Weergave van campagne|Weergavestatus",
    },
    "Polish": {
        "account": "Nazwa konta", "campaign": "Nazwa kampanii", "ad_set": "Nazwa zestawu reklam", "ad": "Nazwa reklamy",
        "day": "Dzień|Data", "starts": "Początek raportowania|Początek raportu",
        "ends": "Koniec raportowania|Koniec raportu", "age": "Wiek", "gender": "Płeć", "country": "Kraj",
        "region": "Region", "platform": "Platforma", "placement": "Umiejscowienie", "objective": "Cel",
        "spend": "Wydana kwota", "impressions": "Wyświetlenia", "reach": "Zasięg", "clicks": "Kliknięcia (wszystkie)",
        "link_clicks": "Kliknięcia linku", "outbound_clicks": "Kliknięcia wychodzące",
        "landing_page_views": "Wyświetlenia strony docelowej",
        "adds_to_cart": "Dodania do koszyka|Dodanie do koszyka w witrynie",
        "checkouts": "Zainicjowanie finalizacji zakupu", "results": "Wyniki", "result_type": "Typ wyniku|Wskaźnik wyniku",
        "purchases": "Zakupy", "revenue": "Wartość konwersji zakupów", "leads": "Kontakty", "currency": "Waluta",
        "messages": "Rozpoczęte konwersacje", "attribution": "Ustawienie atrybucji",
        "delivery": "Status emisji|Emisja reklamy|Emisja kampanii",
    },
    "Turkish": {
        "account": "Hesap Adı", "campaign": "Kampanya Adı", "ad_set": "Reklam seti adı", "ad": "Reklam Adı",
        "day": "Gün|Tarih", "starts": "Rapor Başlangıcı", "ends": "Rapor Sonu|Rapor Bitişi", "age": "Yaş",
        "gender": "Cinsiyet", "country": "Ülke", "region": "Bölge", "platform": "Platform",
        "placement": "Reklam Alanı|Yerleşim", "objective": "Amaç|Hedef", "spend": "Harcanan Tutar",
        "impressions": "Gösterim|Gösterimler", "reach": "Erişim", "clicks": "Tıklamalar (Tümü)",
        "link_clicks": "Bağlantı Tıklamaları", "outbound_clicks": "Giden Tıklamalar",
        "landing_page_views": "Açılış Sayfası Görüntülemeleri", "adds_to_cart": "Sepete Eklemeler",
        "checkouts": "Başlatılan Ödemeler", "results": "Sonuçlar", "result_type": "Sonuç Türü|Sonuç Göstergesi",
        "purchases": "Alışverişler|Satın Almalar", "revenue": "Alışveriş dönüşüm değeri", "leads": "Potansiyel Müşteriler",
        "messages": "Başlatılan Mesajlaşma Sohbetleri", "currency": "Para Birimi", "attribution": "İlişkilendirme Ayarı",
        "delivery": "Yayın Durumu",
    },
    "Japanese": {
        "account": "アカウント名|アカウントの名前", "campaign": "キャンペーン名|キャンペーンの名前", "campaign_id": "キャンペーンID",
        "ad_set": "広告セット名|広告セットの名前", "ad_set_id": "広告セットID", "ad": "広告名|広告の名前", "ad_id": "広告ID",
        "day": "日|日付", "starts": "レポート開始日|レポート開始", "ends": "レポート終了日|レポート終了", "age": "年齢",
        "gender": "性別", "country": "国", "region": "地域", "platform": "プラットフォーム|配信プラットフォーム",
        "placement": "配置", "device": "デバイス", "objective": "目的", "spend": "消化金額", "impressions": "インプレッション",
        "reach": "リーチ", "clicks": "クリック(すべて)", "link_clicks": "リンクのクリック|リンククリック",
        "outbound_clicks": "アウトバウンドクリック|外部リンクのクリック",
        "landing_page_views": "ランディングページビュー", "adds_to_cart": "カートへの追加", "checkouts": "チェックアウトの開始",
        "results": "結果", "result_type": "結果タイプ|結果インジケーター", "purchases": "購入",
        "revenue": "購入のコンバージョン値|購入コンバージョン値", "leads": "リード", "messages": "メッセージスレッドの開始",
        "currency": "通貨", "attribution": "アトリビューション設定", "delivery": "広告配信|配信ステータス|キャンペーンの配信",
    },
    "Chinese (traditional)": {
        "account": "帳號名稱", "campaign": "行銷活動名稱", "campaign_id": "行銷活動編號", "ad_set": "廣告組合名稱",
        "ad": "廣告名稱", "day": "天數|日期", "starts": "分析報告開始", "ends": "分析報告結束", "age": "年齡", "gender": "性別",
        "country": "國家/地區|國家", "region": "地區", "platform": "平台", "placement": "版位", "objective": "目標",
        "spend": "花費金額", "impressions": "曝光次數", "reach": "觸及人數", "clicks": "點擊次數（全部）",
        "link_clicks": "連結點擊次數", "outbound_clicks": "外連點擊次數",
        "landing_page_views": "連結頁面瀏覽次數", "adds_to_cart": "加到購物車次數|加入購物車次數", "checkouts": "結帳開始次數",
        "results": "成果", "result_type": "成果類型|成果指標", "purchases": "購買次數", "revenue": "購買轉換值",
        "leads": "潛在顧客人數|潛在顧客", "messages": "訊息對話開始次數", "currency": "幣別|貨幣", "attribution": "歸因設定",
        "delivery": "投遞狀態|廣告投遞",
    },
    "Chinese (simplified)": {
        "account": "账户名称", "campaign": "广告系列名称", "campaign_id": "广告系列编号", "ad_set": "广告组名称", "ad": "广告名称",
        "day": "日期|天|单日", "starts": "报告开始日期|报告开始", "ends": "报告结束日期|报告结束", "age": "年龄", "gender": "性别",
        "country": "国家/地区", "region": "地区", "platform": "平台", "placement": "版位", "objective": "目标",
        "spend": "花费金额|已花费金额", "impressions": "展示次数", "reach": "覆盖人数", "clicks": "点击量（全部）",
        "link_clicks": "链接点击量", "outbound_clicks": "外链点击量", "landing_page_views": "落地页浏览量",
        "adds_to_cart": "加入购物车", "checkouts": "结账发起次数", "results": "成效", "result_type": "成效类型",
        "purchases": "购物次数", "revenue": "购物转化价值", "leads": "潜在客户", "messages": "消息对话发起次数", "currency": "货币",
        "attribution": "归因设置", "delivery": "投放状态",
    },
    "Korean": {
        "account": "계정 이름", "campaign": "캠페인 이름", "campaign_id": "캠페인 ID", "ad_set": "광고 세트 이름",
        "ad": "광고 이름", "ad_id": "광고 ID", "day": "일|날짜", "starts": "보고 시작", "ends": "보고 종료", "age": "연령",
        "gender": "성별", "country": "국가", "region": "지역", "platform": "플랫폼", "placement": "노출 위치",
        "objective": "목표", "spend": "지출 금액", "impressions": "노출", "reach": "도달", "clicks": "클릭(전체)",
        "link_clicks": "링크 클릭", "outbound_clicks": "아웃바운드 클릭", "landing_page_views": "랜딩 페이지 조회",
        "adds_to_cart": "장바구니에 담기", "checkouts": "결제 시작", "results": "결과", "result_type": "결과 유형|결과 표시 도구",
        "purchases": "구매|공유 항목이 포함된 구매", "revenue": "구매 전환값|공유 항목의 구매 전환값", "leads": "잠재 고객",
        "messages": "메시지 대화 시작", "currency": "통화", "attribution": "기여 설정", "delivery": "게재 상태|광고 게재",
    },
    "Vietnamese": {
        "account": "Tên tài khoản", "campaign": "Tên chiến dịch", "ad_set": "Tên nhóm quảng cáo", "ad": "Tên quảng cáo",
        "day": "Ngày", "starts": "Lượt bắt đầu báo cáo", "ends": "Lượt kết thúc báo cáo", "age": "Tuổi|Độ tuổi",
        "gender": "Giới tính", "country": "Quốc gia", "region": "Khu vực|Vùng", "platform": "Nền tảng",
        "placement": "Vị trí quảng cáo|Vị trí", "objective": "Mục tiêu", "spend": "Số tiền đã chi tiêu",
        "impressions": "Lượt hiển thị", "reach": "Người tiếp cận", "clicks": "Lượt click (tất cả)",
        "link_clicks": "Lượt click vào liên kết", "outbound_clicks": "Lượt click ra ngoài",
        "landing_page_views": "Lượt xem trang đích", "adds_to_cart": "Lượt thêm vào giỏ hàng",
        "checkouts": "Lượt bắt đầu thanh toán", "results": "Kết quả", "result_type": "Loại kết quả|Chỉ báo kết quả",
        "purchases": "Lượt mua", "revenue": "Giá trị chuyển đổi từ lượt mua", "leads": "Khách hàng tiềm năng",
        "messages": "Lượt bắt đầu cuộc trò chuyện qua tin nhắn", "currency": "Đơn vị tiền tệ",
        "attribution": "Cài đặt ghi nhận", "delivery": "Trạng thái phân phối", "delivery_level": "Cấp độ phân phối",
    },
    "Indonesian": {
        "account": "Nama akun", "campaign": "Nama kampanye", "ad_set": "Nama set iklan", "ad": "Nama iklan|Iklan",
        "day": "Hari|Tanggal", "starts": "Awal pelaporan|Mulai pelaporan", "ends": "Akhir pelaporan", "age": "Usia",
        "gender": "Jenis kelamin", "country": "Negara", "region": "Wilayah", "platform": "Platform",
        "placement": "Penempatan", "objective": "Tujuan", "spend": "Jumlah yang dibelanjakan", "impressions": "Impresi",
        "reach": "Jangkauan", "clicks": "Klik (semua)", "link_clicks": "Klik tautan", "outbound_clicks": "Klik keluar",
        "landing_page_views": "Tayangan halaman tujuan", "adds_to_cart": "Tambah ke keranjang",
        "checkouts": "Checkout dimulai", "results": "Hasil", "result_type": "Jenis hasil|Indikator hasil",
        "purchases": "Pembelian", "revenue": "Nilai konversi pembelian", "leads": "Prospek",
        "messages": "Percakapan pesan dimulai", "currency": "Mata uang", "attribution": "Pengaturan atribusi",
        "delivery": "Status penayangan", "delivery_level": "Tingkat penayangan",
    },
    "Russian": {
        "account": "Название аккаунта", "campaign": "Название кампании", "ad_set": "Название группы объявлений",
        "ad": "Название объявления", "day": "День|Дата", "starts": "Дата начала отчетности",
        "ends": "Дата окончания отчетности", "age": "Возраст", "gender": "Пол", "country": "Страна",
        "region": "Регион", "platform": "Платформа", "placement": "Плейсмент|Место размещения", "objective": "Цель",
        "spend": "Сумма затрат|Потраченная сумма", "impressions": "Показы", "reach": "Охват", "clicks": "Клики (все)",
        "link_clicks": "Клики по ссылке", "outbound_clicks": "Исходящие клики",
        "landing_page_views": "Просмотры целевой страницы", "adds_to_cart": "Добавления в корзину",
        "results": "Результаты", "result_type": "Тип результата|Индикатор результата", "purchases": "Покупки",
        "revenue": "Ценность конверсии для покупок|Ценность конверсии покупки|Ценность конверсии покупок", "leads": "Лиды", "currency": "Валюта",
        "attribution": "Настройка атрибуции", "delivery": "Статус показа",
    },
    "Swedish": {
        "account": "Kontonamn", "campaign": "Kampanjnamn", "ad_set": "Annonsuppsättningens namn|Namn på annonsuppsättning",
        "ad": "Annonsnamn|Annonsens namn", "day": "Dag|Datum", "starts": "Rapporteringsstart|Rapportering startar|Rapportstart",
        "ends": "Rapporteringsslut|Rapportering slutar|Rapportslut", "age": "Ålder", "gender": "Kön", "country": "Land",
        "region": "Region", "platform": "Plattform", "placement": "Placering", "objective": "Mål",
        "spend": "Spenderat belopp|Förbrukat belopp", "impressions": "Visningar|Exponeringar", "reach": "Räckvidd",
        "clicks": "Klick (alla)", "link_clicks": "Länkklick|Klick på länk", "outbound_clicks": "Utgående klick",
        "results": "Resultat", "purchases": "Köp", "revenue": "Konverteringsvärde för köp", "currency": "Valuta",
    },
}

TOTAL_LABELS = (
    "Total|Totals|Grand total|Results total|Gesamt|Gesamtsumme|Summe|Insgesamt|Resultados totales|Total general"
    "|Total geral|Totale|Totaal|Résultats totaux|Total général|Razem|Suma|Toplam|合計|總計|总计|合计|총계|합계|전체|Tổng"
    "|Tổng cộng|Итого|Всего|Jumlah|Totalt|Summa|I alt|Totalsumma|Yhteensä|Celkem|Celkom|Összesen|Σύνολο|Общо|Ukupno|Усього|Разом"
    "|ทั้งหมด|ผลรวม|รวม|الإجمالي|المجموع|סה״כ|סה\"כ|कुल"
)
"""What stands in the name column of a total row, where it does not stand empty."""

ALL_WORDS = (
    "All|All ages|Alle|Todos|Todas|Tous|Toutes|Tutti|Tutte|Todo|Tudo|Wszystkie|Tümü|Все|Усі|Alla|すべて|全部|전체|Tất cả"
    "|Semua|Allemaal|Összes|Všechny|Toate|Kaikki|Multiple|ทั้งหมด|الكل|הכל"
)
"""What stands in the column of a breakdown where a row is about all of its values."""
